# syntax=docker/dockerfile:1
# Debian, not Alpine: Temporal's core is built for glibc.

FROM node:22-slim AS packages
WORKDIR /sluice
RUN apt-get update \
  && apt-get install --yes --no-install-recommends gcc g++ make python3 \
  && rm -rf /var/lib/apt/lists/*
COPY package.json package-lock.json .npmrc ./
RUN npm ci

FROM packages AS build
COPY tsconfig.json tsconfig.build.json ./
COPY scripts ./scripts
COPY src ./src
RUN npm run build && npm prune --omit=dev

FROM node:22-slim
ENV NODE_ENV=production
WORKDIR /sluice
COPY --from=build /sluice/node_modules ./node_modules
COPY --from=build /sluice/dist ./dist
COPY package.json LICENSE ./
COPY bin ./bin
RUN ln -s /sluice/bin/sluice /usr/local/bin/sluice
USER node
ENTRYPOINT ["sluice"]
CMD ["worker"]
