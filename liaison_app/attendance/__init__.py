"""The day itself: who came (签到), the door behind a one-meeting PIN, and the sign-in sheet (签到表)."""
