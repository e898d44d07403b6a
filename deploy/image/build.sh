#!/usr/bin/env bash
# Makes the image of gateway and worker: build/image/apuni.tar, an OCI archive. `make image` calls it; it needs mmdebstrap
# and buildah (Debian's packages), root, and the environment of `make bootstrap-dev`.
#
# The root has Python, the C libraries and nothing to log in with: no shell, no package manager. The bill of
# materials of both halves, Debian's packages and Python's, lies in it: /usr/share/apuni/sbom.cdx.json.
set -euo pipefail
cd "$(dirname "$0")/../.."
bin=$PWD/${VENV:-.venv}/bin
out=$PWD/build/image
work=$(mktemp -d /var/tmp/apuni-image.XXXXXX) # beside the checkout: its tests read all that lies in it
version=$(sed -n 's/^version = "\(.*\)"$/\1/p' pyproject.toml)
revision=$(git rev-parse HEAD)
export SOURCE_DATE_EPOCH
SOURCE_DATE_EPOCH=$(git log -1 --format=%ct)
export BUILDAH_ISOLATION=chroot
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }

trap 'rm -rf "$work"' EXIT
mkdir -p "$work/packages" "$out"

echo "1. the root" >&2
mmdebstrap --quiet --mode=root --variant=extract --include=base-files,python3,tzdata,libstdc++6 --skip=cleanup/apt/cache \
    --extract-hook="for deb in \"\$1\"/var/cache/apt/archives/*.deb; do dpkg-deb -f \"\$deb\" > \"$work/packages/\$(basename \"\$deb\" .deb)\"; done" \
    trixie "$work/root.tar"

echo "2. the product" >&2
"$bin/uv" build --quiet --wheel --no-build-isolation --python "$bin/python" --out-dir "$work" .
# The limits of this process, since buildah would ask for more, which a container of CI may not give.
container=$(buildah from --ulimit "nofile=$(ulimit -n)" --ulimit "nproc=$(ulimit -u)" scratch)
trap 'buildah rm "$container" > /dev/null; rm -rf "$work"' EXIT
buildah add --quiet "$container" "$work/root.tar" / > /dev/null
inside() {
    buildah run --user 0 --volume "$bin/uv:/run/uv:ro" --volume "$work:/run/work:ro" --volume "$PWD/requirements:/run/lock:ro" \
        --volume /etc/ssl/certs:/etc/ssl/certs:ro --volume /etc/resolv.conf:/etc/resolv.conf:ro --env UV_CACHE_DIR=/tmp/uv \
        --env VIRTUAL_ENV=/opt/apuni --env UV_PYTHON_DOWNLOADS=never \
        $(env | grep -E '^(SSL_CERT_|UV_(DEFAULT_)?INDEX|[a-z]+_proxy|[A-Z]+_PROXY)' | sed 's/^/--env /') "$container" -- "$@"
}
inside /run/uv venv --quiet --python /usr/bin/python3 /opt/apuni
inside /run/uv pip install --quiet --require-hashes --compile-bytecode -r /run/lock/run.txt
inside /run/uv pip install --quiet --no-deps --compile-bytecode "/run/work/$(cd "$work" && ls ./*.whl)"
inside /run/uv pip uninstall --quiet hatchling editables pathspec pluggy trove-classifiers
inside /run/uv pip check --quiet

echo "3. the documentation, which staging serves" >&2
"$bin/sphinx-build" -q docs "$work/docs"
rm -rf "$work/docs/.doctrees"
buildah copy --quiet "$container" "$work/docs" /opt/apuni/share/apuni/docs > /dev/null

echo "4. the bill of materials" >&2
mkdir -p build
"$bin/cyclonedx-py" requirements requirements/run.txt --pyproject pyproject.toml --output-reproducible -o build/sbom.cdx.json
python3 deploy/image/sbom.py build/sbom.cdx.json "$work/packages" > "$work/sbom.cdx.json"
buildah copy --quiet "$container" "$work/sbom.cdx.json" /usr/share/apuni/sbom.cdx.json > /dev/null
buildah copy --quiet "$container" LICENSE /usr/share/apuni/LICENSE > /dev/null

echo "5. the image" >&2
folder=$(buildah mount "$container")
(
    cd "$folder"
    rm -rf tmp/uv root run/{uv,work,lock} etc/{ssl,apt,resolv.conf,hostname,cron.daily,logrotate.d} var/cache/apt var/lib/{apt,dpkg}
    rm -rf usr/share/{man,locale,lintian,debconf,doc-base,menu} usr/sbin/* usr/bin/{dpkg,debconf}* usr/bin/{tar,mawk,update-alternatives}
    rm -f opt/apuni/bin/{activate,deactivate,pydoc}*
    find usr/share/doc -mindepth 2 ! -name copyright -delete
    printf 'root:x:0:0::/:/nonexistent\napuni:x:10001:10001::/var/lib/apuni:/nonexistent\n' > etc/passwd
    printf 'root:x:0:\napuni:x:10001:\n' > etc/group
    install -d -m 1777 tmp
    install -d -o 10001 -g 10001 -m 0700 var/lib/apuni
    tar --numeric-owner -cf "$out/rootfs.tar" .
)
buildah umount "$container" > /dev/null
buildah config --user 10001:10001 --workingdir /var/lib/apuni --entrypoint '["/opt/apuni/bin/apuni"]' --cmd serve \
    --port 8000 --port 9100 --stop-signal SIGTERM --volume /var/lib/apuni \
    --env PATH=/opt/apuni/bin --env APUNI_HOME=/var/lib/apuni --env APUNI_HOST=0.0.0.0 --env METRICS_PORT=9100 \
    --env PYTHONDONTWRITEBYTECODE=1 --env LANG=C.UTF-8 \
    --env SSL_CERT_FILE=/opt/apuni/lib/python3.13/site-packages/certifi/cacert.pem \
    --label org.opencontainers.image.title=apuni-sarkar-gateway --label "org.opencontainers.image.version=$version" \
    --label "org.opencontainers.image.revision=$revision" --label org.opencontainers.image.licenses=Apache-2.0 "$container"
buildah commit --quiet --timestamp "$SOURCE_DATE_EPOCH" "$container" "apuni:$version" > /dev/null
buildah push --quiet "apuni:$version" "oci-archive:$out/apuni.tar:apuni:$version"
du -h --apparent-size "$out/rootfs.tar" "$out/apuni.tar" >&2
