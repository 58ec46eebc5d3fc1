import { Readable } from 'node:stream'
import {
  BadRequestException,
  Body,
  Controller,
  Get,
  Inject,
  NotFoundException,
  Param,
  Post,
  StreamableFile,
} from '@nestjs/common'
import { answer, newOrder, type Order, type Orders } from '@ops-examples/orders'

/** Injection token of the domain. */
export const ORDERS = Symbol('orders')

@Controller('orders')
export class OrdersController {
  readonly #orders: Orders

  constructor(@Inject(ORDERS) orders: Orders) {
    this.#orders = orders
  }

  @Post()
  place(@Body() body: unknown): Promise<Order> {
    const parsed = newOrder.safeParse(body)
    if (!parsed.success) throw new BadRequestException(answer(400, 'INVALID', 'Send { sku, quantity >= 1 }').body)
    return this.#orders.place(parsed.data)
  }

  @Get('export')
  export(): StreamableFile {
    return new StreamableFile(Readable.from(this.#orders.export(), { objectMode: false }), {
      type: 'application/x-ndjson',
    })
  }

  @Get(':id')
  async find(@Param('id') id: string): Promise<Order> {
    const order = await this.#orders.find(id)
    if (order === undefined) throw new NotFoundException(answer(404, 'NOT_FOUND', 'No such order').body)
    return order
  }

  @Get()
  list(): Promise<Order[]> {
    return this.#orders.list(100)
  }
}
