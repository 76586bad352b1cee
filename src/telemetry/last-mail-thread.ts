// Runs in a thread of its own (last-mail.ts): sends some mails and says that it is done.
import { workerData } from "node:worker_threads";
import type { LastMails } from "./last-mail.ts";
import { sendMail } from "./mail.ts";

const { letters, timeoutMs, shared }: LastMails = workerData;
const state = new Int32Array(shared);

const results = await Promise.allSettled(
  letters.map(({ server, mail }) => sendMail(server, mail, timeoutMs)),
);
Atomics.store(state, 1, results.filter(({ status }) => status === "rejected").length);
Atomics.store(state, 0, 1);
Atomics.notify(state, 0);
