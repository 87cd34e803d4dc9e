"""
HelmReleases -> what Helm would ignore, the API server refuse, or an upgrade change unasked.

    chart             what there is to know of a chart
    facts             what is known of the charts that this tree pins
    values            what helm-controller hands to Helm, and where it is written
    release           which chart, under which name, with which values
    keys              values that no template reads
    security_context  fields in the wrong security context
    images            images that the chart would not use
    pods              values that it hands on to its pods
    policy            chart, version, CRDs, metrics
    renderers         patches of what the chart makes
    made              the objects that a chart makes
"""

from collections.abc import Iterator

from scripts.checks.fault import Fault
from scripts.checks.helm import images, keys, pods, policy, renderers, security_context
from scripts.checks.helm.release import Release, releases
from scripts.checks.objects import Objects, fault

__all__ = ["check", "releases"]


def check(objects: Objects) -> Iterator[Fault]:
    """
    Check every HelmRelease of a tree; the values of those charts that something is known of.

    Args:
        objects: of the tree.

    Yields:
        What is wrong, by release.
    """
    for release in releases(objects):
        yield from policy.check_chart(objects, release)
        yield from policy.check_version(objects, release)
        yield from renderers.check(release)
        for broken in release.values.broken:
            yield fault("helm-values-from", release.resource, broken.location, broken.found, broken.next_step)
        yield from _by_facts(objects, release)


def _by_facts(objects: Objects, release: Release) -> Iterator[Fault]:
    chart = release.facts
    if chart is None:
        return
    yield from keys.check(release, chart)
    yield from pods.check(release, chart)
    yield from security_context.check(release, chart)
    yield from images.check(release, chart)
    yield from policy.check_crds(release, chart)
    # where some of the values are not known, neither is whether one of them turns it on
    if not release.values.unknown:
        yield from policy.check_scraped(objects, release, chart)
        yield from renderers.check_selected(objects, release, chart)
