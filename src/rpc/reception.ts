// Reception: asks the doorman about every call, once for each request, before the
// rules hear of it. With no doorman everybody may do everything.
import type { HandlerContext } from "@connectrpc/connect";
import { publicMessage, Unauthorized } from "../auth/credentials.ts";
import type { Doorman } from "../auth/doorman.ts";
import type { Show } from "../auth/limits.ts";
import { nameless, type Sight } from "../auth/permissions.ts";
import { ANONYMOUS, type Principal } from "../auth/principal.ts";
import { type Need, scopeOf } from "../oci/access.ts";
import { RegistryError } from "../oci/errors.ts";
import type { RepositoryName } from "../oci/reference.ts";
import { believedFacts } from "./believed-facts.ts";
import type { Demand } from "./needs.ts";
import type { Throttle } from "./throttle.ts";
import { type Visit, visitOf } from "./visit.ts";

/** Who calls, as far as the services need to know. */
export interface Caller {
  readonly id: string;
  readonly isAdmin: boolean;
}

export interface ReceptionParts {
  /** Absent: nobody is asked who they are. */
  readonly doorman?: Doorman;
  /** Absent: anybody may come as often as they like. */
  readonly throttle?: Throttle;
  /** Who calls where nobody is asked. Absent: somebody without a name. */
  readonly caller?: Caller;
  /** True: nobody changes content; see effects.ts. */
  readonly readOnly?: boolean;
  /** Told why credentials were refused, which their owner is not. */
  readonly onRefused?: (facts: { readonly reason: string; readonly address?: string | undefined }) => void;
}

/** How the call's client is challenged: IssueToken is where a token is asked for, so a token is no answer there. */
export type ChallengeKind = "usual" | "basic";

/** What somebody came for. */
interface Errand {
  readonly needs: readonly Need[];
  readonly kind: ChallengeKind;
}

/** Nobody knows before the first message. */
const UNKNOWN_ERRAND: Errand = { needs: [], kind: "usual" };

export class Reception {
  readonly isReadOnly: boolean;
  readonly #doorman: Doorman | undefined;
  readonly #throttle: Throttle | undefined;
  readonly #onRefused: ReceptionParts["onRefused"];
  readonly #caller: Caller | undefined;

  constructor({ doorman, throttle, caller, readOnly = false, onRefused }: ReceptionParts) {
    this.isReadOnly = readOnly;
    this.#caller = caller;
    this.#doorman = doorman;
    this.#throttle = throttle;
    this.#onRefused = onRefused;
  }

  /** False: calls go through as they are. */
  get asks(): boolean {
    return this.#doorman !== undefined || this.#throttle !== undefined || this.isReadOnly;
  }

  /**
   * Lets the call in or throws UNAUTHORIZED with a challenge, DENIED or TOOMANYREQUESTS. A promise only where it has
   * to wait; most calls need not.
   */
  admit(context: HandlerContext, demand: Demand, kind: ChallengeKind): void | Promise<void> {
    const visit = visitOf(context);
    // Between two calls of a visit, or before a message has come, a body may have taken its time.
    if (visit === undefined || (visit.isAdmitted && this.isCurrent(context)))
      return this.#check(visit, demand, kind);
    const entering = this.#enter(visit, { needs: needsOf(demand), kind });
    if (entering === undefined) return this.#check(visit, demand, kind);
    return entering.then(() => this.#check(visit, demand, kind));
  }

  /**
   * Asks who calls before the first message has come, which then does not count again. Throws UNAUTHORIZED, whose
   * challenge cannot name the repository yet, also to who has no name where nobody without one may push; TOOMANYREQUESTS.
   */
  knock(context: HandlerContext): void | Promise<void> {
    const visit = visitOf(context);
    const entering = visit === undefined || visit.isAdmitted ? undefined : this.#enter(visit, UNKNOWN_ERRAND);
    return entering === undefined
      ? this.#turnAwayStrangers(visit)
      : entering.then(() => this.#turnAwayStrangers(visit));
  }

  /** Which repositories the caller may be shown there. Undefined: all of them, whatever the policy becomes. */
  sightOf(context: HandlerContext, show: Show): Sight | undefined {
    return this.#doorman?.may.sight(visitOf(context)?.principal ?? ANONYMOUS, show);
  }

  /** True: the caller may be shown whatever repository there is. */
  seesAll(context: HandlerContext): boolean {
    return this.#doorman?.may.seesAll(visitOf(context)?.principal ?? ANONYMOUS) ?? true;
  }

  /** True: the caller may pull from whatever repository there is. */
  pullsEverywhere(context: HandlerContext): boolean {
    return this.#doorman?.may.pullsEverywhere(visitOf(context)?.principal ?? ANONYMOUS) ?? true;
  }

  /** True: the caller may push to the repository. */
  mayPush(context: HandlerContext, repository: RepositoryName): boolean {
    const who = visitOf(context)?.principal ?? ANONYMOUS;
    const resource = { type: "repository", name: repository, actions: ["push"] };
    return this.#doorman === undefined || this.#doorman.may.allowed(who, resource).length > 0;
  }

  /** True: what the caller was let in by still holds. Long streams ask now and then. */
  isCurrent(context: HandlerContext): boolean {
    const who = visitOf(context)?.principal;
    return this.#doorman === undefined || who === undefined || this.#doorman.isCurrent(who);
  }

  /** Holds a place for an upload that is being written. Throws TOOMANYREQUESTS. Undefined: there is no limit. */
  holdUpload(context: HandlerContext): Disposable | undefined {
    const visit = visitOf(context);
    return this.#throttle?.upload({ principal: visit?.principal, address: visit?.facts.ip });
  }

  /** Undefined: whoever calls may do everything and has no name. */
  callerOf(context: HandlerContext): Caller | undefined {
    if (this.#doorman === undefined) return this.#caller;
    const who = visitOf(context)?.principal ?? ANONYMOUS;
    return { id: who.id, isAdmin: this.#doorman.may.isAdmin(who) };
  }

  #enter(visit: Visit, errand: Errand): undefined | Promise<void> {
    const doorman = this.#doorman;
    if (doorman === undefined || visit.facts.clientClaims === undefined) return this.#count(visit, errand);
    return this.#enterByGateway(visit, doorman, errand);
  }

  async #enterByGateway(visit: Visit, doorman: Doorman, errand: Errand): Promise<void> {
    const { gatewayAuthorization, ip } = visit.facts;
    // Proving costs; who proves nothing that is known comes as often as others.
    const isKnown = gatewayAuthorization === undefined || doorman.remembers(gatewayAuthorization);
    if (!isKnown && !doorman.believesNobody) await this.#throttle?.countAddress(ip);
    visit.facts = await believedFacts(visit.facts, doorman);
    await this.#count(visit, errand);
  }

  /** The address first: who comes too often is not even asked who it is. */
  #count(visit: Visit, errand: Errand): undefined | Promise<void> {
    const counting = this.#throttle?.countAddress(visit.facts.ip);
    return counting === undefined
      ? this.#name(visit, errand)
      : counting.then(() => this.#name(visit, errand));
  }

  #name(visit: Visit, errand: Errand): undefined | Promise<void> {
    const found = this.#identify(visit, errand);
    return found instanceof Promise
      ? found.then((who) => this.#entered(visit, who))
      : this.#entered(visit, found);
  }

  #identify({ facts }: Visit, errand: Errand): Principal | undefined | Promise<Principal | undefined> {
    const doorman = this.#doorman;
    if (doorman === undefined) return undefined;
    const refuse = (error: unknown): never => {
      if (error instanceof Unauthorized) this.#onRefused?.({ reason: error.message, address: facts.ip });
      throw this.#explain(error, facts.baseUrl, errand);
    };
    try {
      const { authorization, certificate, ip } = facts;
      const found = doorman.authenticate({ authorization, certificate, address: ip });
      return found instanceof Promise ? found.catch(refuse) : found;
    } catch (error) {
      return refuse(error);
    }
  }

  #entered(visit: Visit, who: Principal | undefined): undefined | Promise<void> {
    visit.principal = who;
    visit.isAdmitted = true;
    return this.#throttle?.countPrincipal(who);
  }

  #check(visit: Visit | undefined, demand: Demand, kind: ChallengeKind): void {
    const doorman = this.#doorman;
    if (doorman === undefined || demand === "open") return;
    const who = visit?.principal ?? ANONYMOUS;
    const needs = needsOf(demand);
    try {
      if (typeof demand !== "string") doorman.may.demand(who, demand);
      else if (who.kind === "anonymous" && !(demand === "credential" && mayStayUnknown(who, doorman)))
        throw new Unauthorized("authentication required");
    } catch (error) {
      throw this.#explain(error, visit?.facts.baseUrl, { needs, kind });
    }
  }

  #turnAwayStrangers(visit: Visit | undefined): void {
    const doorman = this.#doorman;
    const who = visit?.principal ?? ANONYMOUS;
    if (doorman === undefined || who.kind !== "anonymous" || doorman.may.pushesSomewhere(who)) return;
    throw this.#explain(nameless(who), visit?.facts.baseUrl, UNKNOWN_ERRAND);
  }

  /** Adds to an Unauthorized how to do better. */
  #explain(error: unknown, baseUrl: string | undefined, { needs, kind }: Errand): unknown {
    const doorman = this.#doorman;
    if (!(error instanceof Unauthorized) || doorman === undefined) return error;
    const challenge =
      kind === "basic"
        ? doorman.basicChallenge()
        : doorman.challenge(needs, { baseUrl, error: error.tokenError });
    const scope = scopeOf(needs);
    return new RegistryError(
      "UNAUTHORIZED",
      { challenge, ...(scope !== "" && { scope }) },
      { message: publicMessage(error), cause: error },
    );
  }
}

/** Who shows an anonymous token; and everybody where there is nobody to be. */
function mayStayUnknown({ limit }: Principal, doorman: Doorman): boolean {
  return limit !== undefined || doorman.knowsNobody;
}

function needsOf(demand: Demand): readonly Need[] {
  return typeof demand === "string" ? [] : demand;
}
