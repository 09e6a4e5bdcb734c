# Two images from one build: the API, and the worker, which needs libvirt's client library and Ceph's commands. docker-compose.yml builds both.
FROM node:20-bookworm-slim AS build
WORKDIR /rapid
COPY package.json package-lock.json .npmrc ./
RUN npm install --no-save --include=dev --no-audit --no-fund --loglevel=error
COPY tsconfig.json tsconfig.build.json ./
COPY schemas schemas
COPY src src
COPY workers workers
RUN npm run build && npm prune --omit=dev --no-audit --no-fund --loglevel=error

FROM node:20-bookworm-slim AS base
ENV NODE_ENV=production
WORKDIR /rapid
COPY --from=build /rapid/package.json ./
COPY --from=build /rapid/node_modules node_modules
COPY --from=build /rapid/dist dist

FROM base AS api
USER node
EXPOSE 5080
CMD ["node", "dist/src/process/api.js"]

FROM base AS worker
RUN apt-get update && apt-get install --yes --no-install-recommends libvirt0 ceph-common && rm -rf /var/lib/apt/lists/*
USER node
CMD ["node", "dist/workers/worker.js"]
