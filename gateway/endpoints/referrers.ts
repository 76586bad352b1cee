// The manifests that point at a subject, as an image index. distribution-spec,
// Listing Referrers.
import type { Referrer } from "../../src/gen/stowage/v1/manifest_pb.ts";
import { OCI_IMAGE_INDEX } from "../../src/oci/media-types.ts";
import { answerJson } from "../answer.ts";
import { demandDescriptor } from "../descriptor.ts";
import type { Exchange } from "../exchange.ts";
import type { ResponseHeaders } from "../http-messages.ts";
import { locationOf } from "../locations.ts";
import { nextPage, pageSize } from "../pagination.ts";
import { queryValue } from "../query.ts";

/** The most referrers in one page, and the page without `n`. */
const MAX_REFERRERS = 1000;

export async function listReferrers(exchange: Exchange): Promise<void> {
  const { services, repository, argument: digest, query } = exchange;
  const n = pageSize(query, { fallback: MAX_REFERRERS, most: MAX_REFERRERS });
  const artifactType = queryValue(query, "artifactType") ?? "";
  const asked = {
    repository,
    digest,
    artifactType,
    pageSize: Math.max(n, 1), // With n=0 the page is empty, but a bad digest is still an error.
    pageToken: queryValue(query, "page") ?? "",
  };
  const page = await services.manifests.listReferrers(asked, exchange.call);
  const headers: ResponseHeaders = artifactType === "" ? {} : { "OCI-Filters-Applied": "artifactType" };
  if (n > 0 && page.nextPageToken !== "") {
    const filter = artifactType === "" ? {} : { artifactType };
    const place = locationOf(exchange, `/v2/${repository}/referrers/${digest}`);
    Object.assign(headers, nextPage(place, { ...filter, n, page: page.nextPageToken }));
  }
  const manifests = page.referrers.slice(0, n).map(describe);
  answerJson(exchange, { schemaVersion: 2, mediaType: OCI_IMAGE_INDEX, manifests }, headers, OCI_IMAGE_INDEX);
}

function describe(referrer: Referrer): object {
  const { mediaType, digest, size } = demandDescriptor(referrer);
  const { artifactType, annotations } = referrer;
  return {
    mediaType,
    digest,
    size: Number(size),
    ...(artifactType !== "" && { artifactType }),
    ...(Object.keys(annotations).length > 0 && { annotations }),
  };
}
