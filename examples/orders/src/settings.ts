import { bool, defineConfig, int, oneOf, secret, setting, url } from '@ops/config'
import { z } from 'zod'

/** The settings of the reference service; their documents (`.env.example`, registry) are generated from here. */
export const settings = defineConfig({
  DATABASE_URL: secret(url({ protocols: ['postgres:', 'postgresql:'] }), 'PostgreSQL connection string'),
  REDIS_URL: secret(url({ protocols: ['redis:', 'rediss:'] }), 'Redis connection string'),
  S3_BUCKET: setting(z.string().min(1), 'Bucket for uploads', { varies: 'endpoint' }),
  S3_REGION: setting(z.string().min(1), 'Region of the bucket', { varies: 'endpoint' }),
  SECRET_KEY: secret(z.string().min(16), 'Key that signs sessions'),
  LOG_LEVEL: setting(oneOf('debug', 'info', 'warn', 'error').default('info'), 'Logging verbosity', { reload: 'live' }),
  WORKER_CONCURRENCY: setting(int({ min: 1, max: 500 }).default(4), 'Concurrent background workers', {
    varies: 'capacity',
  }),
  MAX_UPLOAD_SIZE_MB: setting(int({ min: 1, max: 5000 }).default(50), 'Largest accepted upload in megabytes'),
  RATE_LIMIT_PER_MIN: setting(int({ min: 1 }).default(600), 'Requests a user may make in a minute', {
    reload: 'live',
    varies: 'capacity',
  }),
  ENABLE_FEATURE_FLAGS: setting(bool().default(false), 'Evaluates feature flags; off answers every default', {
    reload: 'live',
  }),
  PRICING_URL: setting(url({ protocols: ['http:', 'https:'] }), 'Base URL of the pricing service'),
})
