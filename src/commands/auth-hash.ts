// stowage auth hash: what the users file or the htpasswd file holds of a password.
import { hashPassword, hashWithBcrypt } from "../auth/password-hash.ts";
import { CommandFailure, EXIT, type World } from "./world.ts";

export interface HashOptions {
  readonly bcrypt?: boolean;
  readonly user?: string;
}

/** What bcrypt looks at of a password, in bytes. */
const BCRYPT_BYTES = 72;

/** Prints the hash alone, or the user's whole line of an htpasswd file. */
export async function printHash(world: World, { bcrypt = false, user }: HashOptions): Promise<void> {
  checkUser(user, bcrypt);
  const password = world.input.isTerminal ? await askTwice(world) : await readPassword(world);
  checkPassword(password, bcrypt);
  const hash = await (bcrypt ? hashWithBcrypt(password) : hashPassword(password));
  await world.out.write(`${user === undefined ? "" : `${user}:`}${hash}\n`);
}

function checkUser(user: string | undefined, isBcrypt: boolean): void {
  if (user === undefined) return;
  if (!isBcrypt) throw usage("--user makes a line of an htpasswd file, which needs --bcrypt");
  if (!/^[^#:\s\p{C}][^:\s\p{C}]*$/u.test(user))
    throw usage(`--user ${JSON.stringify(user)}: a name has no ":", no spaces and no "#" at its beginning`);
}

/** Somebody types blindly, so it must be the same twice. */
async function askTwice({ input }: World): Promise<string> {
  const [password, again] = (await input.askHidden(["Password: ", "Again: "])) ?? [];
  if (password === undefined) throw new CommandFailure("no password was given");
  if (password !== again) throw new CommandFailure("the passwords are not the same");
  return password;
}

async function readPassword({ input }: World): Promise<string> {
  return (await input.readAll()).replace(/\r?\n$/, "");
}

/** Throws CommandFailure for what no client can send, or what would not all count. */
function checkPassword(password: string, isBcrypt: boolean): void {
  if (password === "") throw new CommandFailure("there is no password");
  if (/\p{Cc}/u.test(password))
    throw new CommandFailure("a password is one line, without control characters");
  if (isBcrypt && Buffer.byteLength(password) > BCRYPT_BYTES)
    throw new CommandFailure(
      `the password is longer than ${BCRYPT_BYTES} bytes, and bcrypt would ignore the rest; take a shorter one`,
    );
}

function usage(message: string): CommandFailure {
  return new CommandFailure(message, { exitCode: EXIT.usage });
}
