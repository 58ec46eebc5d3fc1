/** Deletes from every packages/<name>/dist what has no source, and returns it, relative to the root. */
export function deleteStaleOutput(root: string): readonly string[]
