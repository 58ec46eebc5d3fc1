/** Parts that can be generated alone. */
export const PARTS = ['env', 'alerts', 'runbooks', 'dashboards', 'deploy', 'operations'] as const
/** One of {@link PARTS}. */
export type Part = (typeof PARTS)[number]

/** What each part is, for the command's help. */
export const PART_SUMMARIES: Readonly<Record<Part, string>> = {
  env: '.env.example and the registry of settings (configuration.md, configuration.json)',
  alerts: 'Prometheus rules, their promtool tests, an Alertmanager example',
  runbooks: 'a page for each alert; what stands between keep markers is kept',
  dashboards: 'Grafana dashboards: health, each feature, what it depends on, caches, business',
  deploy: 'Dockerfile, Kubernetes manifests, canary, where operations declare a deployment',
  operations: 'pages for operators by the tier: incidents, backup, pipeline, rollback, checklist and more',
}
