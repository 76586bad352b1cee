// Issues a token, prints it and the published keys, and waits to be killed.
// Argument: the folder of the catalogue.
import { Issuer } from "../../src/auth/issuer.ts";
import { principal } from "../../src/auth/principal.ts";
import { Catalogue } from "../../src/metadata/catalogue.ts";
import { LevelEngine } from "../../src/metadata/level-engine.ts";
import { CONFIG } from "./token-office.ts";

const metadata = new Catalogue(await LevelEngine.open(process.argv[2] ?? ""));
const common = { metadata, now: Date.now, newId: () => "0", report: () => undefined };
const issuer = await Issuer.open({ config: CONFIG, ...common });
const { token } = await issuer.issue({ principal: principal("user", "alice"), access: [] });
process.stdout.write(`${token}\n${await issuer.jwks()}\n`);
setInterval(() => undefined, 60_000);
