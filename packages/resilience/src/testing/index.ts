export { type Chaos, createChaos } from './chaos.ts'
