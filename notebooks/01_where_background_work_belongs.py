# %% [markdown] slideshow={"slide_type": "slide"}
# # Where background work belongs
#
# **The article, 1: 使用场景 (use cases)**
#
# 出票后通知各家平台、购买后发邮件、收到文件后再做一次处理：这些工作，客户端都不必等待。
# 本课用图对比“等待”与“后台”两种做法，并学会判断哪些工作适合放到后台。
#
# **After this notebook you will be able to** predict what a client gains when work moves into the background,
# and say which work must stay in front of the response. **Time:** 20 minutes.
#
# *What differs from the article's listing:* the article names three cases and shows no code for them. The apps are
# ours, and so is the fourth case, about a bank.
#
# In notebook 00 you waited for 7 real seconds. Once is enough: the pictures below are **played fast**. The seconds are
# counted as before, but you do not sit through them. The axis of each picture says so: *simulated*.

# %% slideshow={"slide_type": "skip"}
from bgdemo import TestClient
from bgdemo.lessons import folder
from bgdemo.notebook import choose, predict
from bgdemo.questions import use_cases

report = folder() / "processed.txt"  # what case 3 writes

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 1: a ticket and three platforms
#
# An airline issues a ticket. Then it sends the itinerary to every **OTA** (online travel agency) platform:
# here to three of them, 2 s each.
#
# Each app of this notebook has two versions: one makes the client wait, the other works in the background.
# You need not read the code now. JupyterLab folds it; a click on the three dots opens it.

# %% tags=["app"] jupyter={"source_hidden": true} slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

PLATFORMS = ["Ctrip", "Qunar", "Fliggy"]
SECONDS_A_PLATFORM = 2.0

app = FastAPI()


def send_itinerary(platform: str, passenger: str) -> None:
    time.sleep(SECONDS_A_PLATFORM)
    with open(folder() / "itineraries.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {platform}: itinerary of {passenger}\n")


@app.post("/tickets/waiting")
def issue_ticket_waiting(passenger: str) -> dict[str, str]:
    for platform in PLATFORMS:
        send_itinerary(platform, passenger)
    return {"message": f"Ticket issued for {passenger}"}


@app.post("/tickets")
def issue_ticket(passenger: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    for platform in PLATFORMS:
        background_tasks.add_task(send_itinerary, platform, passenger)
    return {"message": f"Ticket issued for {passenger}"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** After how many seconds does the passenger have the response, from each version?

# %% tags=["predict"] slideshow={"slide_type": "-"}
ticket_guess = predict(waiting=..., background=...)
waiting, background = TestClient(app, clock="simulated"), TestClient(app, clock="simulated")
waiting.post("/tickets/waiting", params={"passenger": "Li"})
background.post("/tickets", params={"passenger": "Li"})
background.drain()  # wait until all tasks have ended
ticket_guess.compare(waiting=waiting, background=background)

# %% tags=["choose"] slideshow={"slide_type": "fragment"}
choose(..., use_cases.before_the_ticket)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 2: a purchase and its mails
#
# A group buys together. When the purchase has succeeded, each customer gets a mail. One mail takes 3 s.

# %% tags=["app"] jupyter={"source_hidden": true} slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI

from bgdemo.lessons import folder

SECONDS_A_MAIL = 3.0

app = FastAPI()


def send_mail(email: str, message: str) -> None:
    time.sleep(SECONDS_A_MAIL)
    with open(folder() / "mails.txt", mode="a", encoding="utf-8") as sent:
        sent.write(f"to {email}: {message}\n")


@app.post("/purchase/waiting")
def purchase_waiting(emails: list[str]) -> dict[str, str]:
    for email in emails:
        send_mail(email, message="your purchase succeeded")
    return {"message": "Purchase succeeded"}


@app.post("/purchase")
def purchase(emails: list[str], background_tasks: BackgroundTasks) -> dict[str, str]:
    for email in emails:
        background_tasks.add_task(send_mail, email, message="your purchase succeeded")
    return {"message": "Purchase succeeded"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Change it.** There are two customers. Let there be **five**, and guess both responses before you run the cell.

# %% tags=["change", "predict"] slideshow={"slide_type": "-"}
customers = 2
purchase_guess = predict(waiting=..., background=...)
emails = [f"customer-{number}@example.com" for number in range(1, customers + 1)]
waiting, background = TestClient(app, clock="simulated"), TestClient(app, clock="simulated")
waiting.post("/purchase/waiting", json=emails)
background.post("/purchase", json=emails)
background.drain()
purchase_guess.compare(waiting=waiting, background=background)

# %% tags=["choose"] slideshow={"slide_type": "fragment"}
choose(..., use_cases.mails_in_the_background)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 3: a file, processed again
#
# The client uploads a file of 2000 bytes. The route counts the bytes and answers. Then the file is processed:
# 5 s of work, and after that the file is read once more.

# %% tags=["app"] jupyter={"source_hidden": true} slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI, UploadFile

from bgdemo.lessons import folder

SECONDS_OF_PROCESSING = 5.0

app = FastAPI()


def process_again(file: UploadFile) -> None:
    time.sleep(SECONDS_OF_PROCESSING)
    file.file.seek(0)  # the route has read to the end: without this, read() gives 0 bytes
    content = file.file.read()
    with open(folder() / "processed.txt", mode="a", encoding="utf-8") as report:
        report.write(f"{file.filename}: {len(content)} bytes\n")


@app.post("/upload/waiting")
def upload_waiting(file: UploadFile) -> dict[str, str]:
    received = len(file.file.read())
    process_again(file)
    return {"message": f"{received} bytes received"}


@app.post("/upload")
def upload(file: UploadFile, background_tasks: BackgroundTasks) -> dict[str, str]:
    received = len(file.file.read())
    background_tasks.add_task(process_again, file)
    return {"message": f"{received} bytes received"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** In the background version the response is long gone when the task reads the file.
# How many bytes can the task still read, `bytes_read`: all 2000, or 0? It notes the number in `processed.txt`.

# %% tags=["predict"] slideshow={"slide_type": "-"}
upload_guess = predict(waiting=..., background=..., bytes_read=...)
waiting, background = TestClient(app, clock="simulated"), TestClient(app, clock="simulated")
file = ("itinerary.txt", b"x" * 2000)
waiting.post("/upload/waiting", files={"file": file})
answer = background.post("/upload", files={"file": file})
background.drain()
print(answer.json()["message"])
bytes_read = int(report.read_text(encoding="utf-8").split()[-2])
upload_guess.compare(waiting=waiting, background=background, bytes_read=bytes_read)

# %% tags=["choose"] slideshow={"slide_type": "fragment"}
choose(..., use_cases.file_received)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Case 4: a card and its bank
#
# A shop asks the bank to charge a card. That takes 3 s. A boss who has seen the pictures above says:
# "Put that into the background, too!"

# %% tags=["app"] jupyter={"source_hidden": true} slideshow={"slide_type": "-"}
import time

from fastapi import BackgroundTasks, FastAPI, HTTPException

SECONDS_OF_THE_BANK = 3.0

app = FastAPI()


def charge(card: str) -> bool:
    time.sleep(SECONDS_OF_THE_BANK)
    accepted = card != "expired"
    print("accepted" if accepted else "declined")
    return accepted


@app.post("/pay/waiting")
def pay_waiting(card: str) -> dict[str, str]:
    if not charge(card):
        raise HTTPException(402, "Your bank declined the card")
    return {"message": "Thank you!"}


@app.post("/pay")
def pay(card: str, background_tasks: BackgroundTasks) -> dict[str, str]:
    background_tasks.add_task(charge, card)
    return {"message": "Thank you!"}


# %% [markdown] slideshow={"slide_type": "fragment"}
# **Predict.** The card has expired, and the bank declines it. Status 200 says "Thank you!", status 402 says
# "Your bank declined the card". Which status does the client get from each version?
#
# Here one client asks both, one after the other.

# %% tags=["predict"] slideshow={"slide_type": "-"}
pay_guess = predict(waiting=..., background=...)
client = TestClient(app, clock="simulated")
told = client.post("/pay/waiting", params={"card": "expired"})
thanked = client.post("/pay", params={"card": "expired"})
client.drain()
pay_guess.compare(client, waiting=told.status_code, background=thanked.status_code)

# %% [markdown] slideshow={"slide_type": "fragment"}
# The background version thanks its client at once, for money that never comes. The bank's no is in the picture,
# on the row of the task, 3 s after the response.

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., use_cases.answer_at_once)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## What you saw
#
# Ask one question about each piece of work: **does the response need what the work finds out?**
#
# - No (itineraries, mails, processing): the work can go on in the background. The client gains the length of the work.
# - Yes (the bank): the client has to wait.
#
# ## Before you go

# %% tags=["choose"] slideshow={"slide_type": "-"}
choose(..., use_cases.belongs_in_the_background)

# %% [markdown] slideshow={"slide_type": "slide"}
# ## Next
#
# You know what belongs in the background. Notebooks 02, 03 and 04 show how it gets there, in three steps:
# **02 The parameter** is the first. Why the bars of one response stand one after the other, you will see in 04.
# After that you can write the background versions of cases 1 to 3 yourself: they are exercises at the end of 05.
#
# To see the apps in a terminal:
# `bgdemo trace bgdemo.lessons.tickets:app "POST /tickets?passenger=Li"`, and then the same with `/tickets/waiting`.
