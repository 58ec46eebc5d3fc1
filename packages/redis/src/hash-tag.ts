/**
 * `{tag}` for the keys of a Redis Cluster that must share a slot.
 *
 * @throws TypeError when `tag` is empty or holds a brace: Redis would then hash something else.
 * @see https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/#hash-tags
 */
export function hashTag(tag: string): string {
  if (tag === '' || /[{}]/.test(tag)) {
    throw new TypeError(`Cannot make a hash tag of ${JSON.stringify(tag)}: expected text without braces, not empty`)
  }
  return `{${tag}}`
}
