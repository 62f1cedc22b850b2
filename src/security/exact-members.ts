/** Objects from strangers that must have exactly the members that are expected, so that nobody reads more into them. */

/** Whether a value is an object, no array, with exactly these members. */
export function hasExactly<const Name extends string>(
  value: unknown,
  names: readonly Name[],
): value is { readonly [Key in Name]: unknown } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).length === names.length && names.every((name) => Object.hasOwn(value, name))
}
