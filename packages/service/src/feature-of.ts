import type { Feature } from './definition.ts'

/** Feature of routes that no declared feature claims. */
export const DEFAULT_FEATURE = 'default'

/** Returns the look-up from route template to feature name. */
export function createFeatureOf(features: readonly Feature[] = []): (route: string) => string {
  return (route) =>
    features.find(({ routes }) => routes.some((pattern) => matches(pattern, route)))?.name ?? DEFAULT_FEATURE
}

function matches(pattern: string, route: string): boolean {
  return pattern.endsWith('*') ? route.startsWith(pattern.slice(0, -1)) : route === pattern
}
