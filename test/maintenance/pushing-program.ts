// Pushes images without end, with a journal beside the blobs, and prints each tag once
// its push is acknowledged. Made to be killed. Arguments: the folder, a name for this run.
import { pushImage } from "../core/pictures.ts";
import { withRegistry } from "./registry-folder.ts";

const [root = "", run = ""] = process.argv.slice(2);

await withRegistry({ root, journal: true, minChangesBytes: 20_000 }, async ({ core }) => {
  for (let number = 0; ; number++) {
    const tag = `${run}-${number}`;
    const { digest } = await pushImage(core, [`layer of ${tag}`], { tags: [tag] });
    process.stdout.write(`${tag} ${digest} ${Date.now()}\n`);
  }
});
