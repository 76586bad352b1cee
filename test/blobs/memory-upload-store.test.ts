import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { MemoryUploadStore } from "../../src/blobs/memory-upload-store.ts";
import { uploadStoreContract } from "../contract/upload-store-contract.ts";

uploadStoreContract({
  name: "memory",
  durable: false,
  open: async () => {
    const blobs = new MemoryBlobStore();
    const uploads = new MemoryUploadStore({ blobs, now: Date.now });
    return { blobs, uploads, close: () => uploads.close() };
  },
});
