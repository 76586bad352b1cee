// Appends events and trims the log without end, and prints a sequence once trimming up to
// it is acknowledged. Made to be killed. Argument: the folder.
import { LevelEngine } from "../../src/metadata/level-engine.ts";

const [location = ""] = process.argv.slice(2);
const engine = await LevelEngine.open(location);

for (;;) {
  const events = Array.from({ length: 5000 }, () => Buffer.from("event"));
  const last = await engine.commit({ changes: [], expectations: [], events });
  await engine.trimEvents(last - 100);
  process.stdout.write(`${last - 100}\n`);
}
