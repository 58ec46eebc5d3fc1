/** Values for required settings that a laptop run does not use. */
export const PLACEHOLDERS: Readonly<Record<string, string>> = {
  S3_BUCKET: 'local-uploads',
  S3_REGION: 'eu-central-1',
  SECRET_KEY: 'local-only-not-a-secret',
}
