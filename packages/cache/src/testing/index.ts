export {
  checkStaleness,
  naiveSubject,
  opsSubject,
  type StalenessCheckOptions,
  type StalenessReport,
} from './check-staleness.ts'
export type { CreateSubject, Subject, SubjectOptions } from './subject.ts'
