import express from 'express'

const app = express()

app.get('/orders/:id', (request, response) => {
  response.json({ id: request.params.id })
})

const server = app.listen(process.env.PORT, () => console.log(`listening on ${server.address().port}`))
