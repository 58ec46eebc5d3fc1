import fastify from 'fastify'

const app = fastify()

app.get('/orders/:id', async (request) => ({ id: request.params.id }))

await app.listen({ port: Number(process.env.PORT) })
console.log(`listening on ${app.server.address().port}`)
