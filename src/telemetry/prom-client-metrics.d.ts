// The default metrics of prom-client one by one, which it has no types for.
declare module "prom-client/lib/metrics/*.js" {
  import type { Registry } from "prom-client";

  const addTo: (registry: Registry, config?: { readonly eventLoopMonitoringPrecision?: number }) => void;
  export default addTo;
}
