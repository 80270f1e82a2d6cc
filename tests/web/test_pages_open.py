async def test_a(user, app_client):
    r = await user.get("/sign-in"); assert r.status_code == 303
    r = await app_client.get("/sign-in"); assert r.status_code == 200
    r = await user.post("/sign-out"); assert r.status_code == 303, r.text
    r = await user.get("/graphs"); assert r.headers["location"].startswith("/sign-in")
def test_b(served):
    import httpx
    c = served.cookie("Anna")
    r = httpx.get(served.url + "/api/graphs", cookies={c["name"]: c["value"]})
    assert r.status_code == 200, r.text
