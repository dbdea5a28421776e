"""What handlers of administrators find in the application."""

from aiohttp import web

from service.operations.administer_account import AdministerAccount
from service.operations.create_user import CreateUser
from service.operations.read_timeline import ReadTimeline
from service.operations.require_fresh import RequireFresh
from service.operations.revoke_everybody import RevokeEverybody
from service.operations.search_people import SearchPeople
from service.store.administration import Administration

ADMINISTER = web.AppKey("administer", AdministerAccount)
ADMINISTRATION = web.AppKey("administration", Administration)
ADMIN_CREATE_USER = web.AppKey("admin_create_user", CreateUser)
ADMIN_REQUIRE_FRESH = web.AppKey("admin_require_fresh", RequireFresh)
READ_TIMELINE = web.AppKey("read_timeline", ReadTimeline)
REVOKE_EVERYBODY = web.AppKey("revoke_everybody", RevokeEverybody)
SEARCH_PEOPLE = web.AppKey("search_people", SearchPeople)
