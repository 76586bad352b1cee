// Bearer tokens of our own, as good as their principal is now: who was removed from
// the files is nobody, whatever was signed before.
import type { FindPrincipal } from "./access-token-authority.ts";
import type { TokenAuthority } from "./credentials.ts";
import { Unauthorized } from "./credentials.ts";
import type { Limit, Principal } from "./principal.ts";

export interface LiveTokensParts {
  readonly issued: TokenAuthority;
  readonly find: FindPrincipal;
}

export class LiveTokens implements TokenAuthority {
  readonly #parts: LiveTokensParts;

  constructor(parts: LiveTokensParts) {
    this.#parts = parts;
  }

  async check(token: string): Promise<Principal | undefined> {
    const found = await this.#parts.issued.check(token);
    if (found === undefined || (found.kind !== "user" && found.kind !== "robot")) return found;
    const now = this.#parts.find(found.id);
    if (now === undefined) throw new Unauthorized(`${found.id} is not known any more`, "invalid_token");
    const limit = behind(found.limit, now.limit);
    const { groups, account } = now;
    return Object.freeze({
      ...found,
      groups,
      ...(account !== undefined && { account }),
      ...(limit !== undefined && { limit }),
    });
  }
}

/** The limit with another one at its end. */
function behind(limit: Limit | undefined, last: Limit | undefined): Limit | undefined {
  if (limit === undefined || last === undefined) return limit ?? last;
  const within = behind(limit.within, last);
  return within === undefined ? limit : { ...limit, within };
}
