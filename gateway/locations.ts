// The paths that answers point to. Always relative: whatever stands between
// client and gateway, the client knows its own way here.
export function blobPath(repository: string, digest: string): string {
  return `/v2/${repository}/blobs/${digest}`;
}

export function manifestPath(repository: string, digest: string): string {
  return `/v2/${repository}/manifests/${digest}`;
}

export function uploadPath(repository: string, uploadId: string): string {
  return `/v2/${repository}/blobs/uploads/${uploadId}`;
}
