import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { blobStoreContract } from "../contract/blob-store-contract.ts";

blobStoreContract({
  name: "memory",
  open: async () => {
    const blobs = new MemoryBlobStore();
    return { blobs, close: () => blobs.close() };
  },
});
