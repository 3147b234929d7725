import 'reflect-metadata';
import { Controller, Module, Sse } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import { interval, map } from 'rxjs';

const loadUser = () => new Promise((r) => setTimeout(() => r({ name: 'someone' }), 40));

class EventsController {
  async events() {
    const user = await loadUser();
    return interval(1000).pipe(map((n) => ({ data: { n, user: user.name } })));
  }
}
Sse('events')(
  EventsController.prototype,
  'events',
  Object.getOwnPropertyDescriptor(EventsController.prototype, 'events'),
);
Controller()(EventsController);

class AppModule {}
Module({ controllers: [EventsController] })(AppModule);

const app = await NestFactory.create(AppModule, { logger: false });
await app.listen(Number(process.env.PORT), '127.0.0.1');
