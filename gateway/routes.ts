// THE table of routes: every method and path that the gateway answers, what it
// takes and what it gives. One file per family below routes/; order is for readers.
import type { Route } from "./route.ts";
import { baseRoutes } from "./routes/base.ts";
import { blobRoutes } from "./routes/blobs.ts";
import { catalogRoutes } from "./routes/catalog.ts";
import { manifestRoutes } from "./routes/manifests.ts";
import { referrerRoutes } from "./routes/referrers.ts";
import { tagRoutes } from "./routes/tags.ts";
import { tokenRoutes } from "./routes/tokens.ts";
import { uploadRoutes } from "./routes/uploads.ts";

/** A family of routes, as docs/api.md groups them. */
export interface RouteFamily {
  readonly title: string;
  readonly routes: readonly Route[];
}

export const ROUTE_FAMILIES: readonly RouteFamily[] = [
  { title: "Base", routes: baseRoutes },
  { title: "Blobs", routes: blobRoutes },
  { title: "Uploads", routes: uploadRoutes },
  { title: "Manifests", routes: manifestRoutes },
  { title: "Referrers", routes: referrerRoutes },
  { title: "Tags", routes: tagRoutes },
  { title: "Catalog", routes: catalogRoutes },
  { title: "Tokens", routes: tokenRoutes },
];

export const ROUTES: readonly Route[] = ROUTE_FAMILIES.flatMap((family) => family.routes);
