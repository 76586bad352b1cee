// What is wrong with the configuration and shows only when its files are opened.
/** A file that the configuration names and that cannot be used. The message names it and says why. */
export class UnusableFile extends Error {
  override readonly name = "UnusableFile";
}
