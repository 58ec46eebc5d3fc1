import { describe, expect, test } from 'vitest'
import { describeStatement } from '../src/index.ts'

const OPERATION_CASES: [string, string][] = [
  ['select 1', 'select'],
  ['  \n\t SELECT 1', 'select'],
  ['-- hint\n/* a /* nested */ one */ Update t set a = 1', 'update'],
  ['(select 1) union (select 2)', 'select'],
  ['((select 1))', 'select'],
  ['with a as (select 1) select * from a', 'select'],
  ['with recursive a(n) as (values (1)), b as (delete from x returning *) insert into t select * from b', 'insert'],
  ['with "delete" as (select 1) update t set a = 1', 'update'],
  ['with insert as (select 1) delete from t', 'delete'],
  ['with a as materialized (select 1) merge into t using a on true when matched then delete', 'merge'],
  ['with a as (select 1) (select * from a)', 'select'],
  ['with a as (select 1) search depth first by id set o select * from a', 'select'],
  ['with a as (select 1); select 2', 'other'],
  ['values (1)', 'select'],
  ['table t', 'select'],
  ['BEGIN', 'begin'],
  ['start transaction isolation level serializable', 'begin'],
  ['end', 'commit'],
  ['COMMIT;', 'commit'],
  ['abort', 'rollback'],
  ['rollback to savepoint a', 'rollback'],
  ['savepoint a', 'savepoint'],
  ['release savepoint a', 'release'],
  [';;select 1', 'select'],
  ['begin; insert into t values (1)', 'begin'],
  ['copy t from stdin', 'copy'],
  ['call p()', 'call'],
  ['set search_path to a', 'set'],
  ['create table t ()', 'create'],
  ['alter table t add a int', 'alter'],
  ['drop table t', 'drop'],
  ['truncate t', 'truncate'],
  ['vacuum', 'other'],
  ['explain select 1', 'other'],
  ['', 'other'],
  ['   ', 'other'],
  ['selectx', 'other'],
  ["'select'", 'other'],
  ['constructor', 'other'],
]

const SHAPE_CASES: [string, string][] = [
  ["select * from t where a = 'secret' and b = 42", 'select * from t where a = ? and b = ?'],
  ["select 'it''s'", 'select ?'],
  ["select E'it\\'s', e'a'\n'b\\'c', 1", 'select ?'],
  ["select B'01', X'ff', N'n', U&'\\0061'", 'select ?'],
  ['select $$secret$$, $tag$a $$ b$tag$ from t', 'select ? from t'],
  ['select 1.5e-10, .5, 0xFF, 1_000, 12abc', 'select ?'],
  ['select a1, "Tab 1"."col" from t2', 'select a1, "Tab 1"."col" from t2'],
  ['select * from t where id = $1 and x = $22', 'select * from t where id = $1 and x = $22'],
  ['select a -- secret\n from /* secret */ t', 'select a from t'],
  ["select * from t where a in ('x', 'y' , 3,4)", 'select * from t where a in (?)'],
  ["insert into t values (1, 'a', now()), (2, 'b', now())", 'insert into t values (?, now()), (?, now())'],
  ["select date'2020-01-01'", 'select date?'],
  ['set app.tenant = acme', 'set app.tenant = ?'],
  ['SET search_path TO acme, public; select a', 'SET search_path TO ?; select a'],
  ['update t set a = b', 'update t set a = b'],
  ["select 'a\\' secret', b", 'select ?'],
  ["select 'x\\''y' secret", 'select ?'],
  ["select 'never closed", 'select ?'],
  ['select "never closed', 'select ?'],
  ['select $a$never closed', 'select ?'],
  ['select /* never closed', 'select'],
  ["select a || '\u{1f600}' || b", 'select a || ? || b'],
  ["select a->>'key' from t", 'select a->>? from t'],
  ['select -5', 'select -?'],
]

describe('describeStatement()', () => {
  test.each(OPERATION_CASES)('finds the operation of %j', (text, operation) => {
    expect(describeStatement(text).operation).toBe(operation)
  })

  test.each(SHAPE_CASES)('shows the shape of %j without its literals', (text, shape) => {
    expect(describeStatement(text).shape).toBe(shape)
  })

  test('ends the shape after 2048 characters when the statement is long', () => {
    const { shape } = describeStatement(`select ${'column_name + '.repeat(1000)} last`)

    expect(shape).toHaveLength(2048)
    expect(shape.endsWith('…')).toBe(true)
  })

  test('answers the same object when a short text comes again, and forgets the oldest after 500', () => {
    const first = describeStatement('select remembered')
    expect(describeStatement('select remembered')).toBe(first)

    for (let n = 0; n < 500; n++) describeStatement(`select a_${n}`)

    expect(describeStatement('select remembered')).not.toBe(first)
    expect(describeStatement('select remembered')).toEqual(first)
  })
})
