// How the container is run, by its test and by docs/deployment.md.

/** As an operator should run it, and stricter than Kubernetes' "restricted". */
export const CONFINED = [
  ...["--read-only", "--read-only-tmpfs=false", "--cap-drop=ALL"],
  ...["--security-opt", "no-new-privileges", "--network", "none"],
];
