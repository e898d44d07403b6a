import Fastify from 'fastify';
import mercurius from 'mercurius';
import { PORT, context, resolvers, typeDefs } from './portal.mjs';

const app = Fastify();
app.register(mercurius, { schema: typeDefs, resolvers, context: () => context(), jit: 1 });
await app.listen({ port: PORT, host: '127.0.0.1' });
