/** The parts of help texts that all commands have. */

/** An example: what to type, and what it does. */
export type Example = readonly [command: string, about: string]

/** The end of a help text. */
export function examplesText(examples: readonly Example[]): string {
  return ['', 'Examples:', ...examples.flatMap(([command, about]) => [`  # ${about}`, `  ${command}`])].join('\n')
}
