/** Copies everything that git knows or would, below `paths` or all of it, with the installed dependencies linked in. */
export function copyTree(options?: { readonly paths?: readonly string[]; readonly built?: boolean }): string
