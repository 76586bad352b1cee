// Upload ids become file names; this is the one place that says which may.
const UPLOAD_ID = /^[0-9a-z][0-9a-z-]{0,63}$/;

/** True for what can name an upload: lower-case letters, digits and "-", as a UUID has. */
export function isUploadId(text: string): boolean {
  return UPLOAD_ID.test(text);
}

/** Throws when the text could not name an upload, such as "../blobs". */
export function checkUploadId(id: string): void {
  if (!isUploadId(id))
    throw new Error(`upload id ${JSON.stringify(id)} must be lower-case letters, digits and "-"`);
}
