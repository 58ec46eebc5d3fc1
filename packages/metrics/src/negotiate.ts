/** Which exposition format a scraper gets. */

/** Prometheus text format 0.0.4 or OpenMetrics 1.0. */
export type ExpositionFormat = 'text' | 'openmetrics'

/** The `Content-Type` of each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

/** The format an `Accept` value prefers; text where it names neither. */
export function negotiateFormat(accept = ''): ExpositionFormat {
  let text = 0
  let openmetrics = 0
  for (const range of accept.toLowerCase().split(',')) {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim())
    const quality = qualityOf(parameters)
    if (type === 'application/openmetrics-text' && speaksVersion1(parameters)) {
      openmetrics = Math.max(openmetrics, quality)
    } else if (type === 'text/plain' || type === 'text/*' || type === '*/*') text = Math.max(text, quality)
  }
  return openmetrics > 0 && openmetrics >= text ? 'openmetrics' : 'text'
}

/** True when an `Accept-Encoding` value allows gzip. */
export function acceptsGzip(acceptEncoding = ''): boolean {
  return acceptEncoding
    .toLowerCase()
    .split(',')
    .some((coding) => {
      const [name = '', ...parameters] = coding.split(';').map((part) => part.trim())
      return (name === 'gzip' || name === '*') && qualityOf(parameters) > 0
    })
}

function speaksVersion1(parameters: readonly string[]): boolean {
  const version = parameters.find((parameter) => parameter.startsWith('version='))
  return version === undefined || version === 'version=1.0.0' || version === 'version="1.0.0"'
}

function qualityOf(parameters: readonly string[]): number {
  const quality = parameters.find((parameter) => parameter.startsWith('q='))?.slice(2)
  if (quality === undefined) return 1
  const number = Number(quality)
  return number >= 0 && number <= 1 ? number : 0
}
