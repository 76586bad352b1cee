// Which files this process has open, as Linux tells it.
import { readdir, readlink, stat } from "node:fs/promises";

/** The open files below the directory; directories themselves do not count. A deleted file has its old path. */
export async function openFilesBelow(directory: string): Promise<string[]> {
  const links = (await readdir("/proc/self/fd")).map((fd) => `/proc/self/fd/${fd}`);
  const paths = await Promise.all(links.map(fileBehind));
  return paths.filter((path) => path?.startsWith(`${directory}/`)).map(String);
}

async function fileBehind(link: string): Promise<string | undefined> {
  try {
    return (await stat(link)).isFile() ? await readlink(link) : undefined;
  } catch {
    return undefined; // closed meanwhile
  }
}
