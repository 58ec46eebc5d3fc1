/** Name of the alert's page: `CheckoutErrorsCritical` is `checkout-errors-critical.md`. */
export function pageFileOf({ name }: { readonly name: string }): string {
  return `${name.replace(/(?<=[a-z0-9])(?=[A-Z])/g, '-').toLowerCase()}.md`
}
