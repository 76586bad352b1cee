// The text forms of password hashes that files may hold, and how much work each
// may ask for: a hash is somebody's order to spend memory and time at every login.

/** The forms, for people. */
export const PASSWORD_HASH = 'a bcrypt hash ("$2b$…") or an argon2id hash ("$argon2id$v=19$…")';

/** A hash taken apart as far as checking it costs something. */
export type PasswordHash =
  | {
      readonly kind: "bcrypt";
      readonly text: string;
      /** The binary logarithm of the rounds. */
      readonly cost: number;
    }
  | {
      readonly kind: "argon2id";
      readonly text: string;
      readonly memoryKib: number;
      readonly passes: number;
      readonly lanes: number;
      /** In Base64 characters. */
      readonly saltLength: number;
      readonly digestLength: number;
    };

/** About four seconds of one core. */
const MAX_BCRYPT_COST = 16;

/** 256 MiB. */
const MAX_MEMORY_KIB = 262_144;

const MAX_PASSES = 10;

const MAX_LANES = 16;

const BCRYPT = /^\$2[aby]\$([0-9]{2})\$[./A-Za-z0-9]{53}$/;

/** Salt and digest in Base64 without padding, from 8 and 16 bytes to 64. */
const ARGON2ID =
  /^\$argon2id\$v=19\$m=([1-9][0-9]{0,9}),t=([1-9][0-9]{0,9}),p=([1-9][0-9]{0,9})\$([A-Za-z0-9+/]{11,86})\$([A-Za-z0-9+/]{22,86})$/;

/** Reads a hash. Undefined: the text is none. Throws an Error, which does not repeat it, when it asks for too much work. */
export function parsePasswordHash(text: string): PasswordHash | undefined {
  return parseBcrypt(text) ?? parseArgon2id(text);
}

function parseBcrypt(text: string): PasswordHash | undefined {
  const [, digits] = BCRYPT.exec(text) ?? [];
  const cost = Number(digits);
  if (digits === undefined || cost < 4 || cost > 31) return undefined;
  limit("bcrypt cost", cost, MAX_BCRYPT_COST);
  return { kind: "bcrypt", text, cost };
}

function parseArgon2id(text: string): PasswordHash | undefined {
  const [, memory, passes, lanes, salt = "", digest = ""] = ARGON2ID.exec(text) ?? [];
  const hash: PasswordHash = {
    kind: "argon2id",
    text,
    memoryKib: Number(memory),
    passes: Number(passes),
    lanes: Number(lanes),
    saltLength: salt.length,
    digestLength: digest.length,
  };
  const isWhole = isBase64(salt) && isBase64(digest);
  // RFC 9106, 3.1: at least eight blocks of 1 KiB for each lane.
  if (!isWhole || !(hash.memoryKib >= 8 * hash.lanes)) return undefined;
  limit("argon2 memory (m, in KiB)", hash.memoryKib, MAX_MEMORY_KIB);
  limit("number of argon2 passes (t)", hash.passes, MAX_PASSES);
  limit("number of argon2 lanes (p)", hash.lanes, MAX_LANES);
  return hash;
}

/** Whether it is what an encoder writes, without loose bits at the end. */
function isBase64(text: string): boolean {
  return text !== "" && Buffer.from(text, "base64").toString("base64").replace(/=+$/, "") === text;
}

function limit(what: string, value: number, max: number): void {
  if (value > max)
    throw new Error(
      `the ${what} of the hash is ${value}; at most ${max} is allowed, because each login costs as much`,
    );
}
