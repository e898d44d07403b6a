"""Field reports: the officer's findings, photographs, place and time."""

from datetime import datetime
from typing import Self

import strawberry

from actions.clearances.verification_views import photo_link
from domain import clearances
from schema.catalogue.places import Tehsil, tehsils_of_district
from schema.kernel import AUTHENTICATED, Info, Mapped, assumed_list_size, many_by_key, resolver_field
from schema.officers.staff import officer_field
from store import clearances as clearance_store

reports_of_application = many_by_key(clearance_store.reports)


MOST_PHOTOS = 10


@strawberry.type(description="A point on the earth.")
class GeoPoint:
    latitude_microdegrees: int = strawberry.field(description="Millionths of a degree north.")
    longitude_microdegrees: int = strawberry.field(description="Millionths of a degree east.")


@strawberry.type(description="An address at which a file can be read for some minutes, without signing in.")
class FileAddress:
    url: str = strawberry.field(description="The address.")
    expires_at: datetime = strawberry.field(description="Until when it holds; then ask again.")


@strawberry.type(directives=[AUTHENTICATED], description="A photograph of a report from the field.")
class FieldPhoto:
    report: strawberry.Private[clearances.VerificationReport]
    sha256: str = strawberry.field(description="The SHA-256 of its content, in hexadecimal.")
    media_type: str = strawberry.field(description="image/jpeg or image/png.")

    @resolver_field(description="Where it can be read now; null where it was erased.")
    async def address(self, info: Info) -> FileAddress | None:
        link = await photo_link(info.context.environment, self.report, self.sha256)
        return None if link is None else FileAddress(url=link.url, expires_at=link.expires_at)


@strawberry.type(directives=[AUTHENTICATED], description="What an officer saw in the field.")
class FieldReport(Mapped[clearances.VerificationReport]):
    item: strawberry.Private[clearances.VerificationReport]
    district: strawberry.Private[str]
    text: str = strawberry.field(description="What was seen.")
    photos: list[FieldPhoto] = strawberry.field(
        description="The photographs, at most ten.", directives=[assumed_list_size(MOST_PHOTOS)]
    )
    observed_at: datetime = strawberry.field(description="When it was seen.")
    reported_at: datetime = strawberry.field(description="When it was reported.")

    @classmethod
    def of(cls, item: clearances.VerificationReport, district: str) -> Self:
        photos = [FieldPhoto(report=item, sha256=one.sha256, media_type=one.media_type) for one in item.photos]
        return cls.read(item, district=district, photos=photos)

    @resolver_field(description="The point where it was seen; null where none was taken.")
    def place(self) -> GeoPoint | None:
        place = self.item.place
        if place is None:
            return None
        return GeoPoint(latitude_microdegrees=place.latitude, longitude_microdegrees=place.longitude)

    @resolver_field(description="The tehsil where it was seen; null where none was named.")
    async def tehsil(self, info: Info) -> Tehsil | None:
        found = await info.context.load(tehsils_of_district, self.district)
        return next((Tehsil.of(one) for one in found if one.code == self.item.tehsil), None)

    officer = officer_field("item.officer_id", description="The officer who reported.")
