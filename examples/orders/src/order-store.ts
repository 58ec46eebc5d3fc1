import type { Pool } from 'pg'
import type { Order } from './order.ts'

const COLUMNS = 'id, sku, quantity, status, price_cents'

/** Orders in PostgreSQL; every statement names the tenant. */
export class OrderStore {
  readonly #pool: Pool

  constructor(pool: Pool) {
    this.#pool = pool
  }

  async migrate(): Promise<void> {
    await this.#pool.query(`create table if not exists orders (
      tenant text not null, id text not null, sku text not null, quantity integer not null,
      status text not null, price_cents integer not null, placed_at timestamptz not null default now(),
      primary key (tenant, id))`)
  }

  async insert(tenant: string, order: Order): Promise<void> {
    const values = [tenant, order.id, order.sku, order.quantity, order.status, order.price_cents]
    await this.#pool.query(`insert into orders (tenant, ${COLUMNS}) values ($1, $2, $3, $4, $5, $6)`, values)
  }

  async find(tenant: string, id: string): Promise<Order | undefined> {
    const { rows } = await this.#pool.query<Order>(`select ${COLUMNS} from orders where tenant = $1 and id = $2`, [
      tenant,
      id,
    ])
    return rows[0]
  }

  async list(tenant: string, limit: number): Promise<Order[]> {
    const sql = `select ${COLUMNS} from orders where tenant = $1 order by placed_at desc, id limit $2`
    return (await this.#pool.query<Order>(sql, [tenant, limit])).rows
  }

  async fulfil(tenant: string, id: string): Promise<void> {
    await this.#pool.query(`update orders set status = 'fulfilled' where tenant = $1 and id = $2`, [tenant, id])
  }
}
