/** What a file has in a version: its name, the version, and as much more as no two neighbours have. */
export function contentOf(name, version) {
  const sizes = [0, 100, 1_900, 5_000, 140_000, 400_000]
  return Buffer.from(`${name} ${version}\n`.padEnd(sizes[(version * 31 + name.length) % sizes.length], `${version}.`))
}

/** The version that a content is of, if it is whole. */
export function versionOf(name, content) {
  const version = Number(/^\w+ (\d+)\n/.exec(content.subarray(0, 40).toString('latin1'))?.[1])
  return contentOf(name, version).equals(content) ? version : undefined
}
