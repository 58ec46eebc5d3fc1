import { describe, expect, test } from 'vitest'
import { layerOf, layers } from '../../scripts/gates/layers.mjs'
import { manifestOf, packages } from './repository.ts'

test('every package stands in one layer of scripts/gates/layers.mjs', () => {
  const placed = layers.flatMap((layer) => layer.packages)

  expect(packages.filter((folder) => layerOf(folder) === undefined)).toEqual([])
  expect(placed).toEqual([...new Set(placed)])
})

test('every layer imports only from layers below it', () => {
  layers.forEach((layer, at) => {
    const below = layers.slice(0, at).flatMap((lower) => lower.packages)

    expect(below, layer.name).toEqual(expect.arrayContaining(layer.mayImport))
  })
})

test('core depends on @opentelemetry/api alone', () => {
  expect(dependenciesOf('core')).toEqual(['@opentelemetry/api'])
})

describe.each(packages)('packages/%s', (folder) => {
  test(`${folder} is named after its folder`, () => {
    expect(manifestOf(folder).name).toBe(`@ops/${folder}`)
  })

  test(`${folder} depends only on packages that its layer may import`, () => {
    const allowed = layerOf(folder)?.mayImport.map((name) => `@ops/${name}`) ?? []

    const ours = dependenciesOf(folder).filter((name) => name.startsWith('@ops/'))

    expect(ours.filter((name) => !allowed.includes(name))).toEqual([])
  })
})

function dependenciesOf(folder: string): readonly string[] {
  const { dependencies, peerDependencies, optionalDependencies } = manifestOf(folder)
  return Object.keys({ ...dependencies, ...peerDependencies, ...optionalDependencies })
}
