// "/v2/": tells that this is a registry. distribution-spec, Determining Support.
import { answerJson } from "../answer.ts";
import type { Exchange } from "../exchange.ts";

export async function getBase(exchange: Exchange): Promise<void> {
  answerJson(exchange, {});
}
