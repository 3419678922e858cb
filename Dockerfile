# The image of Agon: one static binary, the certificates of authorities, and a place for the data.
#
#   docker build -t agon .
#
# There is no shell and no package in it, so nothing that needs updates but Agon itself. It runs as a user
# without rights, and nothing is written but below /var/lib/agon, so the root may be read-only. Static means musl
# instead of glibc; the allocator is Agon's own in either case.

# What both images below have in common.
FROM scratch AS base
ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="Agon" \
      org.opencontainers.image.description="The backend of a competitive game in one binary" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
# Copied, since without a shell there is no mkdir: a new volume takes its owner from here. What is above it was made
# by WORKDIR and is root's.
WORKDIR /var/lib
COPY --chown=10001:10001 deploy/image/volume /var/lib/agon
WORKDIR /var/lib/agon
# A number, so that an orchestrator can tell that it is not root.
USER 10001:10001
# Within a container there is nobody to listen for on loopback. Agon refuses such an address as long as anybody
# could change anything there, so an open container is somebody's decision, see deploy/README.md.
# The data is one level below the volume, whose root may have a lost+found of another owner.
ENV AGON_SERVER__LISTEN=0.0.0.0:8000 \
    AGON_STORE__DATA_DIR=/var/lib/agon/store
EXPOSE 8000
VOLUME /var/lib/agon
STOPSIGNAL SIGTERM
# Alive, not ready: with a full disk Agon still answers readers, and starting it again would mend nothing.
# Recovery answers as well, so a large store needs no longer start.
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s --retries=3 \
    CMD ["/usr/local/bin/agon", "healthcheck"]
ENTRYPOINT ["/usr/local/bin/agon"]
CMD ["serve"]

# The image around a binary that was built elsewhere; the directory `rootfs` holds what goes to /, at least
# usr/local/bin/agon:
#
#   docker build -t agon --target prebuilt --build-context rootfs=DIR .
FROM base AS prebuilt
# hadolint ignore=DL3022
COPY --from=rootfs . /

# The tag is the toolchain of rust-toolchain.toml. That file stays outside (.dockerignore), since it would have
# rustup fetch components that are for development.
FROM rust:1.95.0-bookworm AS builder
SHELL ["/bin/bash", "-euo", "pipefail", "-c"]
# Versions are the distribution's: pinning them would fail with its next security update.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install --yes --no-install-recommends musl-tools \
    && rm -rf /var/lib/apt/lists/* \
    && rustup target add "$(uname -m)-unknown-linux-musl"
WORKDIR /build
COPY . .
# What /metrics and the image's label tell.
ARG REVISION=unknown
# Line tables, which help in development, are four fifths of the binary; names of functions stay in it.
ENV TARGET_CC=musl-gcc \
    CARGO_PROFILE_RELEASE_DEBUG=none
# Dependencies are built once and kept in the cache. Sources are touched since cargo goes by times: those of an
# archive are older than what an earlier build has left, and it would take that for up to date.
RUN --mount=type=cache,target=/usr/local/cargo/registry \
    --mount=type=cache,target=/target,sharing=locked \
    target="$(uname -m)-unknown-linux-musl" \
    && find crates xtask -type f -exec touch {} + \
    && GIT_REVISION="${REVISION}" cargo build --release --locked --package agon --target "$target" --target-dir /target \
    && install -D "/target/$target/release/agon" /rootfs/usr/local/bin/agon \
    && install -D --mode=644 /etc/ssl/certs/ca-certificates.crt /rootfs/etc/ssl/certs/ca-certificates.crt

FROM base AS agon
COPY --from=builder /rootfs /
