import type { Operations } from '../src/operations.ts'
import { createSubject, type Subject } from '../src/subject.ts'
import service, { operations as allBounds } from './service.fixture.ts'

/** The declaration of the fixture. */
export function fullSubject(operations: Operations = allBounds): Promise<Subject> {
  return createSubject(service.definition, operations)
}
