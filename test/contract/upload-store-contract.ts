// What every UploadStore promises. A body's test file calls this with a way to open one.
import { describe } from "node:test";
import { commitTests } from "./upload-commit-contract.ts";
import { finishTests } from "./upload-finish-contract.ts";
import { lifeTests, lockTests, restartTests } from "./upload-life-contract.ts";
import type { UploadStoreBody, WithStore } from "./upload-store-body.ts";
import { brokenWriteTests, writeTests } from "./upload-write-contract.ts";

export function uploadStoreContract(body: UploadStoreBody): void {
  const withStore: WithStore = (work) => async () => {
    const store = await body.open();
    try {
      await work(store);
    } finally {
      await store.close();
    }
  };

  describe(`${body.name} keeps the promises of an upload store`, { timeout: 60_000 }, () => {
    writeTests(withStore);
    brokenWriteTests(withStore);
    commitTests(withStore);
    finishTests(withStore);
    lockTests(withStore);
    lifeTests(withStore);
    restartTests(withStore, body.durable ? false : `nothing is durable in ${body.name}`);
  });
}
