// What is measured: each row is one operation of the load generator, with the
// ratios that it shall reach.

/** What a row counts: requests or images, or megabytes (10^6 bytes) of blobs. */
export type Unit = "req/s" | "images/s" | "MB/s";

export interface Row {
  /** How --rows names it. */
  readonly name: string;
  readonly title: string;
  readonly unit: Unit;
  /** The operation for the generator, see loadgen/operations.go. */
  readonly operation: string;
  /** What --smoke measures instead, where the operation moves much. */
  readonly smoke?: string;
  /** The ratio to docker-registry that Stowage shall reach. */
  readonly target: number;
  /** The ratio to bare node:http that it shall reach as well. */
  readonly limitTarget?: number;
}

export const ROWS: readonly Row[] = [
  {
    name: "get-manifest",
    title: "GET manifest by tag, 16 clients",
    unit: "req/s",
    operation: "get-manifest:c=16",
    target: 14,
    limitTarget: 0.6,
  },
  {
    name: "head-manifest",
    title: "HEAD manifest by tag, 16 clients",
    unit: "req/s",
    operation: "head-manifest:c=16",
    target: 14,
    limitTarget: 0.6,
  },
  {
    name: "head-blob",
    title: "HEAD blob, 16 clients",
    unit: "req/s",
    operation: "head-blob:c=16",
    target: 16,
    limitTarget: 0.6,
  },
  {
    name: "get-small-blob",
    title: "GET 1 KiB blob, 16 clients",
    unit: "req/s",
    operation: "get-blob:c=16:size=1024",
    target: 16,
  },
  {
    name: "get-blob",
    title: "GET 64 MiB blob, 4 clients",
    unit: "MB/s",
    operation: "get-blob:c=4:size=67108864",
    smoke: "get-blob:c=4:size=1048576",
    target: 1,
  },
  {
    name: "put-blob",
    title: "PUT 256 MiB blob, 1 client",
    unit: "MB/s",
    operation: "push-blob:c=1:n=4:size=268435456",
    smoke: "push-blob:c=1:n=2:size=1048576",
    target: 3,
  },
  {
    name: "put-blobs",
    title: "PUT 64 MiB blob, 4 clients",
    unit: "MB/s",
    operation: "push-blob:c=4:n=24:size=67108864",
    smoke: "push-blob:c=4:n=4:size=1048576",
    target: 2.5,
  },
  {
    name: "push-image",
    title: "push image, 3 layers of 1 KiB, 8 clients",
    unit: "images/s",
    operation: "push-image:c=8:layers=3:size=1024",
    target: 6,
  },
  {
    name: "tags-list",
    title: "tags page of 100 out of 1,000, 16 clients",
    unit: "req/s",
    operation: "tags-list:c=16:tags=1000",
    smoke: "tags-list:c=16:tags=120",
    target: 5,
  },
  {
    name: "catalog",
    title: "catalog page of 100 out of 300, 16 clients",
    unit: "req/s",
    operation: "catalog:c=16:repositories=300",
    smoke: "catalog:c=16:repositories=20",
    target: 8,
  },
];
