import { MemoryBlobStore } from "../../src/blobs/memory-blob-store.ts";
import { blobInspectionContract } from "../contract/blob-inspection-contract.ts";
import { type BlobStoreBody, blobStoreContract } from "../contract/blob-store-contract.ts";

const memory: BlobStoreBody = {
  name: "memory",
  open: async () => {
    const blobs = new MemoryBlobStore();
    return { blobs, close: () => blobs.close() };
  },
};

blobStoreContract(memory);
blobInspectionContract(memory);
