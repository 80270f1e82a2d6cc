"""What admins set: on the page, by the API, and what is refused."""

import pytest

from engine.errors import InputError
from server.accounts.options import OPTIONS, Options
from server.services import Services
from tests.web.conftest import Browser


async def test_the_form_sets_all_or_nothing(admin: Browser, services: Services) -> None:
    page = await admin.get("/settings")
    assert all(option.description in page.text and f'name="{option.key}"' in page.text for option in OPTIONS)
    form = {option.key: str(option.preset) for option in OPTIONS}
    wrong = await admin.post("/settings", data={**form, "sign_in.idle_hours": "5", "keep.log_days": "0"})
    assert wrong.status_code == 400
    assert "Log lines must be a whole number of days from 1 to 3650" in wrong.text
    assert 'value="5"' in wrong.text, "what was typed stays in the form"
    assert (await services.store.settings.all())["sign_in.idle_hours"] == 72
    missing = await admin.post("/settings", data={"keep.log_days": "9"})
    assert missing.status_code == 400, "a field that is left out is not silently kept"
    done = await admin.post("/settings", data={**form, "sign_in.idle_hours": "5"})
    assert done.status_code == 303
    assert (await services.store.settings.all())["sign_in.idle_hours"] == 5
    assert "sign_in.idle_hours" in (await admin.get("/audit?action=setting_changed")).text


async def test_the_api_names_each_wrong_value(admin: Browser) -> None:
    answer = await admin.patch("/api/settings", json={"keep.log_days": 0, "nothing": 1, "sign_in.idle_hours": 9})
    assert answer.status_code == 400
    assert {one["where"] for one in answer.json()["error"]["details"]} == {"keep.log_days", "nothing"}
    items = (await admin.patch("/api/settings", json={"sign_in.idle_hours": 9})).json()["items"]
    assert {one["option"]["key"]: one["value"] for one in items}["sign_in.idle_hours"] == 9


async def test_every_value_is_written_and_an_impossible_one_refused(services: Services) -> None:
    stored = services.store.settings
    assert set(await stored.all()) == {option.key for option in OPTIONS}
    await stored.put({"keep.log_days": "many"}, None, 1)
    with pytest.raises(InputError, match="Log lines must be a whole number"):
        await Options(stored).load(1)
