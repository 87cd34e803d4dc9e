"""Small charts with the values of the real ones, and a chart repository on this machine that serves them."""

import contextlib
import hashlib
import io
import json
import ssl
import tarfile
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import yaml

OCI_MANIFEST = "application/vnd.oci.image.manifest.v1+json"
OCI_CONFIG = "application/vnd.cncf.helm.config.v1+json"
OCI_CHART = "application/vnd.cncf.helm.chart.content.v1.tar+gzip"

VALUES = """\
fullnameOverride: ""
image: {repository: quay.io/backube/volsync, tag: "", image: ""}
metrics: {disableAuth: false}
replicaCount: 1
restic: {repository: quay.io/backube/volsync, tag: "", image: ""}
"""

DEPLOYMENT = """\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: {{ default .Release.Name .Values.fullnameOverride }}
spec:
  replicas: {{ .Values.replicaCount }}
  template:
    spec:
      containers:
        - name: manager
          image: {{ .Values.image.repository }}:{{ default .Chart.AppVersion .Values.image.tag }}
          args:
            - --leader-elect
            - --restic-container-image={{ .Values.restic.repository }}:{{ default .Chart.AppVersion .Values.restic.tag }}
            {{- if .Values.metrics.disableAuth }}
            - --ignore-paths=/metrics
            {{- end }}
"""

SERVICE_MONITOR = """\
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1/ServiceMonitor" }}
apiVersion: monitoring.coreos.com/v1
kind: ServiceMonitor
metadata:
  name: volsync
{{- end }}
"""

CONFIG_MAP = """\
apiVersion: v1
kind: ConfigMap
metadata:
  name: {{ .Release.Name }}-{{ .Release.Namespace }}
  namespace: elsewhere
"""

CRD = """\
apiVersion: apiextensions.k8s.io/v1
kind: CustomResourceDefinition
metadata:
  name: replicationsources.volsync.backube
"""

TEST = """\
apiVersion: v1
kind: Pod
metadata:
  name: a-test
  annotations:
    helm.sh/hook: test
"""

FILES = {
    "crds/crd.yaml": CRD,
    "templates/configmap.yaml": CONFIG_MAP,
    "templates/deployment.yaml": DEPLOYMENT,
    "templates/servicemonitor.yaml": SERVICE_MONITOR,
    "templates/test.yaml": TEST,
    "values.yaml": VALUES,
}


def archive(name="volsync", version="0.12.0", files=None, **chart):
    """The archive of a chart, with the files of FILES where others are not given."""
    head = {"apiVersion": "v2", "name": name, "version": version, "appVersion": version, **chart}
    content = io.BytesIO()
    with tarfile.open(fileobj=content, mode="w:gz") as packed:
        for path, text in {"Chart.yaml": yaml.safe_dump(head), **FILES, **(files or {})}.items():
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size = len(text.encode())
            packed.addfile(entry, io.BytesIO(text.encode()))
    return content.getvalue()


@dataclass
class Repository:
    """A chart repository: what it serves, what it was asked for, and what it is told to do first."""

    address: str = ""
    files: dict[str, bytes] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    goes_on: threading.Event = field(default_factory=threading.Event)

    def publish(self, name, version, content):
        """Serve an archive as this version of a chart."""
        self.files[f"{name}-{version}.tgz"] = content
        entries = yaml.safe_load(self.files.get("index.yaml", b"{}")).get("entries", {})
        entry = {
            "apiVersion": "v2",
            "name": name,
            "version": version,
            "urls": [f"{name}-{version}.tgz"],
            "digest": hashlib.sha256(content).hexdigest(),
        }
        entries.setdefault(name, []).append(entry)
        self.files["index.yaml"] = yaml.safe_dump({"apiVersion": "v1", "entries": entries}).encode()

    def push(self, name, version, content):
        """
        Serve an archive as an OCI registry does.

        Source: opencontainers/distribution-spec@v1.1.0:spec.md (pull), helm/helm@v3.22.0:pkg/registry/constants.go
        """
        described = [
            {"mediaType": media_type, "size": len(blob), "digest": self._blob(name, blob)}
            for media_type, blob in ((OCI_CONFIG, b"{}"), (OCI_CHART, content))
        ]
        manifest = {"schemaVersion": 2, "mediaType": OCI_MANIFEST, "config": described[0], "layers": described[1:]}
        body = json.dumps(manifest).encode()
        for reference in (version, f"sha256:{hashlib.sha256(body).hexdigest()}"):
            self.files[f"/v2/charts/{name}/manifests/{reference}"] = body

    def _blob(self, name, content):
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        self.files[f"/v2/charts/{name}/blobs/{digest}"] = content
        return digest


@contextlib.contextmanager
def serve(tls: ssl.SSLContext | None = None) -> Iterator[Repository]:
    """
    A chart repository on a port of its own.

    Args:
        tls: certificate and key, for an OCI registry; plain HTTP where None.

    Yields:
        The repository, which answers only while `goes_on` is set, which it is at first.
    """
    repository = Repository()
    repository.goes_on.set()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            name = self.path.removeprefix("/charts/")
            repository.asked.append(name)
            repository.goes_on.wait(60)
            content = repository.files.get(name)
            with contextlib.suppress(ConnectionError):
                self.send_response(404 if content is None else 200)
                self.send_header("Content-Length", str(len(content or b"")))
                self.send_header("Content-Type", OCI_MANIFEST if "/manifests/" in name else "application/octet-stream")
                self.end_headers()
                self.wfile.write(b"" if self.command == "HEAD" else content or b"")

        do_HEAD = do_GET

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if tls is not None:
        server.socket = tls.wrap_socket(server.socket, server_side=True)
    repository.address = f"{'oci' if tls else 'http'}://127.0.0.1:{server.server_port}/charts"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield repository
    finally:
        repository.goes_on.set()
        server.shutdown()
        server.server_close()
        thread.join()
