// Commits without end, sixteen at a time, and prints a number once its commit is
// acknowledged. Made to be killed. Arguments: the folder, and a name for this run.
import { LevelEngine } from "../../src/metadata/level-engine.ts";

const [location = "", run = ""] = process.argv.slice(2);
const engine = await LevelEngine.open(location);

/** One caller of many. Every tenth commit is in conflict on purpose. */
async function commitOn(caller: number): Promise<never> {
  for (let index = caller; ; index += 16) {
    const name = `${run}-${index}`;
    const conflicting = index % 10 === 0;
    const commit = engine.commit({
      changes: [
        { kind: "put", key: `k/${name}`, value: Buffer.alloc(200 + (index % 7) * 1000, index % 256) },
        { kind: "add", key: "n", delta: 1 },
      ],
      expectations: conflicting ? [{ kind: "present", key: "nowhere" }] : [],
      events: [Buffer.from(name)],
    });
    const acknowledged = await commit.then(
      () => true,
      () => false,
    );
    if (acknowledged) process.stdout.write(`${name}\n`);
  }
}

await Promise.all(Array.from({ length: 16 }, (_, caller) => commitOn(caller)));
