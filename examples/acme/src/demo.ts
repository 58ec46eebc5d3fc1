/**
 * The demo: three services, one round of traffic, a report.
 *
 *   npm run demo             stays up until Ctrl-C, which drains all three
 *   npm run demo -- --once   exits 0 after the report, 1 when an expectation was not met
 */
import { once } from 'node:events'
import { judge } from './demo/expectations.ts'
import { startFleet } from './demo/fleet.ts'
import { observe } from './demo/observed.ts'
import { driveOutage } from './demo/outage.ts'
import { report } from './demo/report.ts'
import { driveTraffic } from './demo/traffic.ts'

const staysUp = !process.argv.includes('--once')
const stopAsked = Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')])

console.log('demo: starting orders, pricing and a worker, with PostgreSQL, Redis and a trace collector')
const fleet = await startFleet()
console.log('demo: driving traffic of three tenants')
const orders = `http://127.0.0.1:${fleet.ports.orders}`
const usual = await driveTraffic(orders)
console.log(`demo: ${usual.length} requests answered; the network to pricing breaks and flaps while orders keep coming`)
const outage = await driveOutage({ orders, ordersOps: fleet.ports.ordersOps, network: fleet.network })
console.log(`demo: ${outage.exchanges.length} orders answered; waiting for the jobs (one of them is poison)`)
const observed = await observe(fleet, usual, outage)
const expectations = judge(observed)
console.log(report(fleet, observed, expectations))

if (staysUp) {
  console.log('demo: all services stay up; Ctrl-C drains them')
  await stopAsked
}
console.log('demo: draining')
const codes = await fleet.stop()
const drained = Object.values(codes).every((code) => code === 0)
console.log(`demo: exit codes ${JSON.stringify(codes)}${drained ? '' : ' (expected 0)'}`)
process.exit(expectations.every(({ holds }) => holds) && drained ? 0 : 1)
